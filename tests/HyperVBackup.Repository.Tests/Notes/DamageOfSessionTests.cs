using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Notes;

public sealed class DamageOfSessionTests
{
    private static readonly PackName noted = new(PackKind.Chunks, new SessionId("a session of me."u8), 0);
    private static readonly PackName other = noted with { Number = 1 };
    private readonly List<string> warnings = [];

    [Theory]
    [InlineData(4, false)]
    [InlineData(3, true)]
    [InlineData(1, true)]
    public async Task Of_too_many_noted_places_a_session_keeps_the_packs_and_doubts_every_chunk(
        int placeCountMax, bool isCoarse)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await PutAsync(sample, 1, PlaceOf(1), PlaceOf(2), PlaceOf(3));
        await PutAsync(sample, 2, PlaceOf(3), DamagedPlace.OfRecord(default, RecordType.Whole, IdOf(4)));
        KnownDamage known = await ReadAsync(sample, placeCountMax);
        Assert.All([1, 2, 3], number => Assert.True(known.IsBad(noted, PlaceOf(number).OffsetBytes)));
        Assert.All([1, 2, 3, 4], number => Assert.True(known.IsDoubtful(IdOf(number))));
        Assert.Equal(isCoarse, known.IsBad(noted, PlaceOf(9).OffsetBytes));
        Assert.Equal(isCoarse, known.IsDoubtful(IdOf(9)));
        Assert.False(known.IsBad(other, PlaceOf(1).OffsetBytes));
        Assert.Equal(isCoarse ? 1 : 4, known.Places.Count);
        Assert.Equal(isCoarse ? 1 : 0, warnings.Count);
    }

    [Fact]
    public async Task Without_notes_nothing_is_doubtful()
    {
        KnownDamage known = await ReadAsync(await SampleRepository.CreateAsync(), placeCountMax: 0);
        Assert.True(known.IsEmpty);
        Assert.False(known.IsDoubtful(IdOf(1)));
        Assert.Empty(warnings);
    }

    private static Digest IdOf(int number) => SampleRepository.IdOf(number).Value;

    private static DamagedPlace PlaceOf(int number) => DamagedPlace.OfRecord(
        new RecordPlace(noted, (uint)number * 1000, 100), RecordType.Whole, IdOf(number));

    private static Task PutAsync(SampleRepository sample, byte number, params DamagedPlace[] places)
    {
        byte[] id = new byte[SessionId.SizeBytes];
        id[0] = number;
        DamageNote note = new()
        {
            Made = DateTimeOffset.UnixEpoch,
            Host = "host",
            Places = DamageNote.Sort(places),
        };
        return new DamageNoteFiles(sample.Store, sample.Repository.Id).PutAsync(new SessionId(id), note, default);
    }

    private async Task<KnownDamage> ReadAsync(SampleRepository sample, int placeCountMax)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { Warn = warnings.Add }, default);
        return await new DamageOfSession(repository, placeCountMax).ReadAsync(default);
    }
}
