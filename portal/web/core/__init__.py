"""What every page and answer shares: access, errors, languages, security headers, assets."""
