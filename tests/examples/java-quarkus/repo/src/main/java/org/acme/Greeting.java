package org.acme;

import jakarta.ws.rs.Path;

@Path("/")
public class Greeting {
}
