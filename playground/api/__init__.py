"""The REST interface, `/api/v1`: five-line views over the services, typed both ways, one shape of error."""
