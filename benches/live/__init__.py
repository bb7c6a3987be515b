"""Two real servers, stock and with the extension, with the same data, side by side."""
