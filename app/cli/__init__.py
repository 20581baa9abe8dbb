"""The command line, a group of commands a module, over the same services as the page."""
