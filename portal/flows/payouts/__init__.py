"""Pay due settlements to vendors."""
