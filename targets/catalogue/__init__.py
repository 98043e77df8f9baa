"""What is known of devices, each number with its source."""
