import os

DEBUG = False
INSTALLED_APPS = ["daphne"]
ALLOWED_HOSTS = ["example.com"]
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
MIDDLEWARE = []
