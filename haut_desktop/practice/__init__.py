"""The practice platform: the analysis platform's contract, served on this computer.

For training, trying and testing. Its numbers are no measurements.
"""
