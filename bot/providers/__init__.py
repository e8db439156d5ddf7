"""Who knows where parcels are: one package for each tracking provider."""
