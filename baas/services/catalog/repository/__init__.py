"""The only SQL of the catalogue: `writes` over the ORM, `views` and `storefront` over the bare driver."""
