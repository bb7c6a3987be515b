"""The command `owui-keygate keys`: administrators' API keys for who has no browser at hand."""
