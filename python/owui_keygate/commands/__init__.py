"""The command `owui-keygate`."""
