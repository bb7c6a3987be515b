"""Open WebUI as operators run it: started in every way, behind proxies, poolers and clients.

Each folder is a part of docs/deployments.md, and each test writes its rows of that page with the
fixture `tried`. `make deployments` runs them.
"""
