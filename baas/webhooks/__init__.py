"""What leaves for and arrives from other systems: endpoints and deliveries, and the inbox of providers."""
