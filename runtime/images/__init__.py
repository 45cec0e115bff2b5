"""Images and their layers: built here, kept by digest, shared between images and containers. See README.md."""
