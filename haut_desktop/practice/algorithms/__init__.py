"""What the practice platform computes from the pixels it was given: practice values, no measurements."""
