using FsCheck.Xunit;
using HyperVBackup.Disks.Vhd;
using Xunit;

namespace HyperVBackup.Disks.Tests.Vhd;

public sealed class BlockPlacesTests
{
    private const int SectorBytes = 512;
    private const int FileSectors = 400;

    [Property(MaxTest = 200)]
    public void A_place_is_taken_if_and_only_if_it_overlaps_none_that_was(int seed)
    {
        Random random = new(seed);
        int stride = random.Next(2, 20);
        BlockPlaces places = new(FileSectors * SectorBytes, stride * SectorBytes);
        List<int> taken = [];
        for (int count = 0; count < 60; count++)
        {
            int start = random.Next(FileSectors - stride + 1);
            bool isFree = taken.TrueForAll(other => Math.Abs(other - start) >= stride);
            Assert.Equal(isFree, places.TryTake((long)start * SectorBytes));
            if (isFree)
            {
                taken.Add(start);
            }
        }
    }
}
