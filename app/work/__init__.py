"""What workers do: solves, upkeep and the nightly."""
