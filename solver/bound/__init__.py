"""A lower bound of a session's objective by column generation, and its certificate."""
