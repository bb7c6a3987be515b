"""The command `owui-keygate doctor`: whether the extension takes its place, and why not."""
