"""A small Azure Functions host: reads an app of the Python v1 model and serves its functions over HTTP.

It lets an app run and be tested where the platform's own tools are not available. What it
does is taken from the host's source (github.com/Azure/azure-functions-host), the HTTP extension's
(github.com/Azure/azure-webjobs-sdk-extensions) and the Python worker's
(github.com/Azure/azure-functions-python-worker); each rule names the file it comes from.
"""
