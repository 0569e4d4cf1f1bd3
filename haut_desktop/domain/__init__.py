"""The words of the trade: values, states and rules, with no input, no output and no Qt."""
