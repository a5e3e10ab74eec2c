"""Operations that combine several domain packages, one folder per subject."""
