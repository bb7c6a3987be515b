"""Programs that use one client each, in the environment of that client.

Each takes the address of a server and a credential, and prints what came of its calls as JSON.
"""
