"""Time and energy of int8 models on microcontrollers, projected."""
