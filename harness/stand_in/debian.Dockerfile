# Debian, from an archive that mmdebstrap has made.
FROM scratch
ADD debian.tar /
CMD ["bash"]
