"""Django's settings. What differs between installations comes from the environment: see docs/settings.md."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

from webapp import env

BASE_DIR = Path(__file__).resolve().parent.parent
NAME = os.environ.get("TERRARIUM_NAME", "terrarium")
VAR_DIR = Path(os.environ.get("TERRARIUM_VAR_DIR", str(BASE_DIR / "var")))
DEBUG = env.flag(os.environ, "TERRARIUM_DEBUG")
SECRET_KEY = env.secret_key(os.environ, VAR_DIR)

# With TERRARIUM_ORIGINS the site is public under exactly these; without it, it is a local one (webapp/origins.py).
TERRARIUM_ORIGINS = env.origins(os.environ)
ALLOWED_HOSTS = env.words(os.environ, "ALLOWED_HOSTS") or [
    *(urlsplit(origin).hostname or "" for origin in TERRARIUM_ORIGINS),
    *("127.0.0.1", "localhost", "[::1]"),  # of a public site too: for /healthz, and for addresses that ./dev prints
]
CSRF_TRUSTED_ORIGINS = TERRARIUM_ORIGINS
HTTPS = bool(TERRARIUM_ORIGINS) and all(origin.startswith("https://") for origin in TERRARIUM_ORIGINS)
BEHIND_PROXY = env.flag(os.environ, "TERRARIUM_BEHIND_PROXY")
if BEHIND_PROXY:  # one that always sets this header itself; else a client could claim to be secure
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

TERRARIUM_WORKER_SOCKET = os.environ.get("TERRARIUM_WORKER_SOCKET", f"/run/{NAME}/worker.sock")
TERRARIUM_QUOTA = {  # what one person may have; the admin can set another for each
    "containers": env.amount(os.environ, "TERRARIUM_QUOTA_CONTAINERS", 50),
    "memory_bytes": env.amount(os.environ, "TERRARIUM_QUOTA_MEMORY_BYTES", 1024**3),  # each, a container
    "cpus": env.amount(os.environ, "TERRARIUM_QUOTA_CPUS", 2.0),
    "pids": env.amount(os.environ, "TERRARIUM_QUOTA_PIDS", 512),
    "disk_bytes": env.amount(os.environ, "TERRARIUM_QUOTA_DISK_BYTES", 512 * 1024**2),
}
TERRARIUM_SHARING = {  # of terminals with others
    "hours": env.amount(os.environ, "TERRARIUM_SHARE_HOURS", 24),  # for which a link counts, where none are named
    "hours_most": env.amount(os.environ, "TERRARIUM_SHARE_HOURS_MOST", 7 * 24),
    "shares": env.amount(os.environ, "TERRARIUM_SHARES", 8),  # links to one container at a time
    "guests": env.amount(os.environ, "TERRARIUM_SHARE_GUESTS", 20),  # by one link; 24 pages of theirs fit a terminal
}
TERRARIUM_UPLOAD_BYTES = env.amount(os.environ, "TERRARIUM_UPLOAD_BYTES", 64 * 1024**2)  # a file
TERRARIUM_METRICS_TOKEN = os.environ.get("TERRARIUM_METRICS_TOKEN", "")  # empty: there is no /metrics
TERRARIUM_METRICS_TOKEN_LEAST = 32  # characters: it is all that stands before everybody's figures
TERRARIUM_RECHECK_SECONDS = 20.0  # how soon an open socket learns that its owner may no longer have it

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "daphne",  # before staticfiles: runserver speaks ASGI
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",  # its docs page then comes from our own static files, not from a CDN
    "playground",
    "django.contrib.admin",  # after playground, whose templates dress it
]
MIDDLEWARE = [
    "webapp.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "webapp.static.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "playground.api.faults.WrongMethod",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"page": "playground.pages.tags"},
        },
    }
]

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{VAR_DIR / 'terrarium.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a transaction that counts and then writes must not race another
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"

# Cookies of two installations on one host name must not meet: browsers do not tell ports apart.
PREFIX = f"__Host-{NAME}" if HTTPS else NAME
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = (f"{PREFIX}-{w}" for w in ("session", "csrf", "lang"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "playground.pages.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and BEHIND_PROXY
SECURE_SSL_HOST = urlsplit(TERRARIUM_ORIGINS[0]).netloc if len(TERRARIUM_ORIGINS) == 1 else None
SECURE_REDIRECT_EXEMPT = [r"^(healthz|metrics)$"]  # asked from within, by name of nobody
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # webapp.headers sends X-Frame-Options, with static files too
    "security.W005",  # the domain's other names are not ours to promise https for
    "security.W021",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = None  # whitenoise reads the apps' own directories
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
VITE_MANIFEST = BASE_DIR / "playground" / "static" / "dist" / "manifest.json"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "playground": {"level": "INFO"},
        # runserver writes these lines itself
        "django.channels.server": {"propagate": False},
        "django.utils.autoreload": {"level": "WARNING"},
    },
}
