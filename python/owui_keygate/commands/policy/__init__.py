"""The command `owui-keygate policy`: checks the policy file and answers questions about it."""
