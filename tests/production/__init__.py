"""The shipped configuration on real servers, without Docker: `make production-test`."""
