"""The tests that old wheels of the host carry, run stock beside patched."""
