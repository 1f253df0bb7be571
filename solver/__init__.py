"""The pure core: domain types, search, schedule, checker, cost. No web, database or geography."""
