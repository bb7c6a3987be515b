"""The command `owui-keygate doctor`: whether the extension is active, and why not."""
