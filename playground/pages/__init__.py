"""HTML pages: accounts, the home page and the workbench, errors."""
