"""Services resolved: which there are, where they are reached, which programs stand behind them, how they are named."""
