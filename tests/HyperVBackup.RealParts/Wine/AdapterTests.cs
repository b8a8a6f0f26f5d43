using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.HyperV.Native;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Wine;

/// <summary>The adapter to virtdisk.dll: its layouts held against a C compiler's, its calls against a library that
/// notes them, on Windows.</summary>
public sealed class AdapterTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const string Opened = "open type 0 any access 0 flags 0 version 2 asked 0 read-only 1 plain";
    private const string OnlyAsked = "open type 0 any access 0 flags 0 version 2 asked 1 read-only 1 plain";
    private static readonly Guid DiskId = Guid.Parse("12345678-9abc-def0-1122-334455667788");
    private static readonly string[] Looked = ["ask 1", "ask 10", "ask 6", "ask 15", "ask 14"];

    /// <summary>It lies where Windows' own lies: the adapter takes it from nowhere else.</summary>
    private static readonly Lazy<bool> Library = new(() => WinePrefix.PutIntoSystem("virtdisk.c", "virtdisk.dll"));

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_structure_lies_as_a_C_compiler_lays_it_out()
    {
        string program = WinePrefix.Compile(folder, "layouts.c", "layouts.exe");

        ToolResult result = WinePrefix.Try(program);

        Assert.Equal(Layouts(), Lines(result.Output));
    }

    [Fact]
    public void A_disk_is_looked_at_and_its_facts_come_as_the_host_tells_them()
    {
        string path = NewDisk("disk.vhdx", 3 * MiB);

        string facts = Assert.Single(Told("look", path));

        Assert.Equal(
            "VirtualDiskFacts { DiskId = 12345678-9abc-def0-1122-334455667788, VirtualSizeBytes = 3145728, "
            + "LogicalSectorSizeBytes = 512, PhysicalSectorSizeBytes = 4096, BlockSizeBytes = 2097152, "
            + "IsTracked = True, MostRecentId = rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:00000001, "
            + "IsVhd = False, Identity = 12345678-9abc-def0-1122-334455667788 }",
            facts);
        Assert.Equal([Opened, .. Looked], Calls(path));
    }

    [Fact]
    public void A_disk_of_which_nothing_is_tracked_says_so()
    {
        string path = NewDisk("untracked.vhdx", MiB);

        string facts = Assert.Single(Told("look", path));

        Assert.Contains("IsTracked = False, MostRecentId = ,", facts, StringComparison.Ordinal);
    }

    /// <summary>Its file is never opened: a running machine has it in use.</summary>
    [Fact]
    public void A_VHD_is_known_by_the_id_of_the_image_that_its_chain_is_built_on()
    {
        string path = NewDisk("disk.vhd", MiB);
        string child = NewDisk("disk.vhd.child", MiB);
        DurableFile.RenameReplacing(path + ".id", path + ".own");
        DurableFile.RenameReplacing(child + ".id", child + ".own");
        File.WriteAllBytes(child + ".own", Guid.Parse("aaaaaaaa-0000-0000-0000-000000000000").ToByteArray());

        string facts = Assert.Single(Told("ask", child));

        Assert.Contains($"DiskId = {DiskId},", facts, StringComparison.Ordinal);
        Assert.Contains("IsVhd = True,", facts, StringComparison.Ordinal);
        Assert.Equal([OnlyAsked, .. Looked, OnlyAsked, "ask 7", "ask 3"], Calls(child));
        Assert.Equal([OnlyAsked, "ask 7", OnlyAsked, "ask 2"], Calls(path));
        File.Delete(path + ".own");
        Assert.Contains("asked for its identity", Run("ask", child).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_come_as_they_are_told_and_are_asked_for_to_their_end()
    {
        string path = NewDisk("disk.vhdx", 2 * MiB);
        const string Id = "rctX:Ω:00000007";

        Assert.Equal(
            ["1048576: 4096+4096 1044480+4096", "1048576: 1052672+4096 2093056+4096"], Told("changes", path, Id));
        Assert.Equal(["2097152:"], Told("changes", path, "nothing"));

        string[] asked = [.. Calls(path).Where(call => call.StartsWith("changes", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "changes rctX:<03a9>:00000007 0+2097152 flags 0 room 4096",
                "changes rctX:<03a9>:00000007 1048576+1048576 flags 0 room 4096",
                "changes nothing 0+2097152 flags 0 room 4096",
            ],
            asked);
    }

    [Fact]
    public void A_disk_is_read_through_its_handle_once_it_is_attached_without_a_drive()
    {
        string path = NewDisk("disk.vhdx", (2 * MiB) + 512);
        string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path + ".flat")));

        ToolResult result = Run("read", path);

        Assert.Equal([hash], Lines(result.Output));
        Assert.Contains("(38).", result.Errors, StringComparison.Ordinal); // it was asked for more than there is
        Assert.Equal(
            [Opened, .. Looked, "attach security 0 flags 9 provider 0 version 1 reserved 0 overlapped 0"],
            Calls(path));
    }

    [Fact]
    public void The_base_of_a_chain_is_found_by_asking_each_image_for_its_parent()
    {
        string path = NewDisk("disk.vhdx", MiB);
        string child = NewDisk("disk.vhdx.child.child", MiB);
        NewDisk("disk.vhdx.child", MiB);

        Assert.Equal([WinePrefix.Named(path)], Told("base", child));

        Assert.Equal([OnlyAsked, "ask 7", "ask 3"], Calls(child));
        Assert.Equal([OnlyAsked, "ask 7"], Calls(path));
    }

    [Theory]
    [InlineData("look", "missing.vhdx", 2, "cannot be opened")]
    [InlineData("look", "owned.vhdx", 0xC03A001E, "something else owns it already")]
    [InlineData("read", "online.vhdx", 0xC03A001F, "cannot be attached: it is online and writable")]
    [InlineData("base", "orphan.child", 0, "does not find the parent")]
    [InlineData("changes unknown", "disk.vhdx", 0xC03A0029, "does not know the tracking id any more")]
    [InlineData("changes too many", "disk.vhdx", 0, "4097 changed ranges")]
    public void What_the_host_refuses_is_said_in_a_sentence_with_its_number(
        string command, string name, uint code, string said)
    {
        string path = NewDisk(name, MiB);
        string[] parts = command.Split(' ', 2);

        ToolResult result = Run([parts[0], path, .. parts[1..]]);

        Assert.True(result.ExitCode == 1, result.Errors);
        Assert.StartsWith(code.ToString("X8", CultureInfo.InvariantCulture), result.Errors, StringComparison.Ordinal);
        Assert.Contains(said, result.Errors, StringComparison.Ordinal);
        Assert.EndsWith(".", result.Errors.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_blocks_that_the_image_of_this_very_disk_has_are_called_allocated()
    {
        string flat = folder.File("source.raw");
        RawImage.Create(flat, 8 * MiB);
        RawImage.Write(flat, 3 * MiB, new byte[] { 1 });
        string path = folder.File("real.vhdx");
        QemuImage.Convert(flat, "raw", path, ImageKind.DynamicVhdx(1));
        File.Copy(flat, path + ".flat");
        using (VhdxDisk image = VhdxDisk.Open(path))
        {
            File.WriteAllBytes(path + ".id", Guid.Parse(image.Identity!).ToByteArray());
        }

        Assert.Equal(["3145728+1048576"], Told("allocated", path));
        File.WriteAllBytes(path + ".id", DiskId.ToByteArray());
        Assert.Equal(["0+8388608"], Told("allocated", path));
    }

    private static IEnumerable<string> Layouts() =>
    [
        .. LayoutOf<StorageType>(), .. LayoutOf<OpenParameters>(), .. LayoutOf<AttachParameters>(),
        .. LayoutOf<ChangeRange>(), .. LayoutOf<Overlap>(),
        $"DiskAnswer {DiskAnswer.FixedBytes}",
        $"VersionAt {DiskAnswer.VersionAt}",
        $"VirtualSizeAt {DiskAnswer.VirtualSizeAt}",
        $"BlockSizeAt {DiskAnswer.BlockSizeAt}",
        $"SectorSizeAt {DiskAnswer.SectorSizeAt}",
        $"ImageIdAt {DiskAnswer.ImageIdAt}",
        $"DeviceAt {DiskAnswer.DeviceAt}",
        $"IsResolvedAt {DiskAnswer.IsResolvedAt}",
        $"ParentAt {DiskAnswer.ParentAt}",
        $"SubtypeAt {DiskAnswer.SubtypeAt}",
        $"PhysicalSectorSizeAt {DiskAnswer.PhysicalSectorSizeAt}",
        $"DiskIdAt {DiskAnswer.DiskIdAt}",
        $"IsTrackedAt {DiskAnswer.IsTrackedAt}",
        $"MostRecentIdAt {DiskAnswer.MostRecentIdAt}",
        .. Enum.GetValues<DiskQuestion>().Select(question => $"{question} {(int)question}"),
    ];

    private static IEnumerable<string> LayoutOf<T>()
        where T : struct =>
        typeof(T).GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public)
            .Select(field => $"{typeof(T).Name}.{field.Name} {Marshal.OffsetOf<T>(field.Name)}")
            .Prepend($"{typeof(T).Name} {Unsafe.SizeOf<T>()}");

    /// <summary>An image by name, with what the library answers of it.</summary>
    private string NewDisk(string name, int sizeBytes)
    {
        string path = folder.File(name);
        NoiseDisk.Create(path + ".flat", sizeBytes, seed: 7);
        File.WriteAllBytes(path + ".id", DiskId.ToByteArray());
        return path;
    }

    private static string[] Told(string command, string path, params string[] more)
    {
        ToolResult result = Run([command, path, .. more]);
        Assert.True(result.ExitCode == 0, result.Errors);
        return Lines(result.Output);
    }

    private static ToolResult Run(params string[] arguments)
    {
        Assert.True(Library.Value);
        return Tool.Try("env", [
            .. WinePrefix.Command(["WINEDLLOVERRIDES=virtdisk=n"], WinePrefix.WindowsProcessPath),
            arguments[0], WinePrefix.Named(arguments[1]), .. arguments[2..]]);
    }

    private static string[] Calls(string path) => Lines(File.ReadAllText(path + ".calls"));

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
