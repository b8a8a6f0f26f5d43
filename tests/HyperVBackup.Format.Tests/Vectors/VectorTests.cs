using Xunit;

namespace HyperVBackup.Format.Tests.Vectors;

public static class VectorTests
{
    /// <summary>Set to 1 to write the vectors instead of comparing them.</summary>
    private const string WriteVariable = "HYPERVBACKUP_WRITE_VECTORS";

    public static TheoryData<string> GoodFiles => [.. Files(isGood: true)];

    public static TheoryData<string> BadFiles => [.. Files(isGood: false)];

    [Theory]
    [MemberData(nameof(GoodFiles))]
    public static void A_good_vector_reads_as_the_manifest_says_and_writes_back_the_same(string file)
    {
        Vector vector = Find(file);
        byte[] bytes = File.ReadAllBytes(Path.Combine(VectorFolder.Folder, file));
        Assert.Equal(vector.Fields, VectorReader.Describe(vector.Structure, bytes));
        Assert.Equal(bytes, VectorReader.Rewrite(vector.Structure, bytes));
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public static void A_bad_vector_is_refused_with_the_complaint_of_the_manifest(string file)
    {
        Vector vector = Find(file);
        byte[] bytes = File.ReadAllBytes(Path.Combine(VectorFolder.Folder, file));
        CorruptDataException refusal = Assert.Throws<CorruptDataException>(
            () => VectorReader.Describe(vector.Structure, bytes));
        Assert.StartsWith(vector.Complaint!, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public static void The_committed_vectors_are_those_the_generator_makes()
    {
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            Write();
        }

        string[] expected = [.. VectorSet.All.Select(vector => vector.File).Order(StringComparer.Ordinal)];
        string[] committed =
        [
            .. Directory.EnumerateFiles(VectorFolder.Folder, "*.bin", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(VectorFolder.Folder, file).Replace('\\', '/'))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(expected, committed);
        Assert.All(VectorSet.All, vector =>
            Assert.Equal(vector.Bytes, File.ReadAllBytes(Path.Combine(VectorFolder.Folder, vector.File))));
        string manifest = File.ReadAllText(Path.Combine(VectorFolder.Folder, VectorFolder.ManifestName));
        Assert.Equal(VectorFolder.Manifest(), manifest);
    }

    private static void Write()
    {
        if (Directory.Exists(VectorFolder.Folder))
        {
            Directory.Delete(VectorFolder.Folder, recursive: true);
        }

        foreach (Vector vector in VectorSet.All)
        {
            string path = Path.Combine(VectorFolder.Folder, vector.File);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, vector.Bytes);
        }

        File.WriteAllText(Path.Combine(VectorFolder.Folder, VectorFolder.ManifestName), VectorFolder.Manifest());
    }

    private static Vector Find(string file) => VectorSet.All.Single(vector => vector.File == file);

    private static IEnumerable<string> Files(bool isGood) =>
        VectorSet.All.Where(vector => vector.Fields is not null == isGood).Select(vector => vector.File);
}
