"""What is measured: other solvers beside ours, published sets, growth, and where the time goes."""
