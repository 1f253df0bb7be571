"""Both edges: every file format and all geography: readers, roads, demo borough, writers."""
