"""What the practice platform computes from pixels: practice values, no measurements."""
