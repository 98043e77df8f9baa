"""Distribution shift: what it costs a variant, and a monitor that notices it."""
