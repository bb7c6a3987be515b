"""The tests of `owui_keygate.commands.policy`."""
