"""A small Azure Functions host: reads an app of the Python v1 model and serves its functions over HTTP.

Beside the platform's own tools so that an app runs, and is tested, where those are not to be had. What it
does is taken from the host's source (github.com/Azure/azure-functions-host), the HTTP extension's
(github.com/Azure/azure-webjobs-sdk-extensions) and the Python worker's
(github.com/Azure/azure-functions-python-worker); each rule names the file it comes from.
"""
