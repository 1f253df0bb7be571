"""What is asked: levers, the pipeline, comparison, lots and reports."""
