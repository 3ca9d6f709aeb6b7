"""The program: settings, assembly, intake, transport, limiter, command line and the HTTP side. Nobody imports it."""
