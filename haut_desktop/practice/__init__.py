"""The practice platform: the Haut.AI contract, on this computer, for training and trying."""
