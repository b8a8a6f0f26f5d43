using System.Buffers.Binary;
using System.Text.Json;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>What a disk is read as, and that the guest does not decide it.</summary>
public sealed class DiskFormTests : IDisposable
{
    private const int SizeBytes = 1 << 20;
    private const int FooterBytes = 512;
    private readonly HvBackup hvbackup = new();

    public void Dispose() => hvbackup.Dispose();

    [Fact]
    public async Task What_a_guest_writes_into_its_raw_disk_does_not_decide_how_it_is_read()
    {
        string disk = hvbackup.NewRaw("d.img", SizeBytes);
        await hvbackup.InitAsync();
        Assert.Equal(SizeBytes, await BackUpAsync(disk));
        PretendToBeVhd(disk, 4096);

        CommandResult refused = await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk);
        Assert.Contains("raw:PATH", refused.Failure(), StringComparison.Ordinal);
        Assert.Equal(SizeBytes, await BackUpAsync("raw:" + disk));
        Assert.Equal(SizeBytes, await BackUpAsync("d=raw:" + disk));
        (await hvbackup.RunAsync("restore", "a@latest", "--output", "restored", "--format", "raw")).Json();
        Assert.Equal(
            await File.ReadAllBytesAsync(disk), await File.ReadAllBytesAsync(hvbackup.PathOf("restored")));

        Assert.Equal(4096, await BackUpAsync("image:" + disk)); // somebody says so
        string named = hvbackup.PathOf("d.vhd");
        File.Copy(disk, named);
        Assert.Equal(SizeBytes, await BackUpAsync("raw:" + disk));
        Assert.Equal(4096, await BackUpAsync(named)); // so does its name
    }

    [Theory]
    [InlineData("image:d.img", "is neither a VHDX nor a VHD")]
    [InlineData("raw:nosuch", "There is no disk image 'nosuch'")]
    public async Task A_form_that_does_not_fit_is_said(string disk, string needle)
    {
        hvbackup.NewRaw("d.img", 4096);
        await hvbackup.InitAsync();
        CommandResult result = await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk);
        Assert.Contains(needle, result.Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("raw:")]
    [InlineData("c=image:")]
    public async Task A_form_without_a_path_is_wrong_usage(string disk) => Assert.Contains(
        "names no disk image",
        (await hvbackup.RunPlainAsync("backup", "--vm", "a", "--disk", disk)).WrongUsage(), StringComparison.Ordinal);

    [Theory]
    [InlineData("raw:disk=1.img", "disk=1")]
    [InlineData("name=raw:disk=1.img", "name")]
    [InlineData("disk=1.img", "disk=1")]
    public async Task A_file_whose_name_holds_an_equals_sign_may_stand_behind_a_form(string disk, string name)
    {
        hvbackup.NewRaw("disk=1.img", SizeBytes);
        await hvbackup.InitAsync();
        JsonElement report = (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json();
        Assert.Equal(name, report.GetProperty("disks")[0].GetProperty("disk").GetString());
    }

    [Fact]
    public async Task A_file_named_with_a_prefix_is_read_as_before()
    {
        hvbackup.NewVhdx("raw:d.vhdx");
        await hvbackup.InitAsync();
        Assert.Equal(8L << 20, await BackUpAsync("raw:d.vhdx"));
    }

    [Fact]
    public async Task A_block_device_is_raw_whatever_its_guest_wrote()
    {
        string disk = hvbackup.NewRaw("d.img", SizeBytes);
        PretendToBeVhd(disk, 4096);
        ToolResult loop = Tool.Try("losetup", "--find", "--show", "--read-only", disk);
        Assert.SkipUnless(loop.ExitCode == 0, "this user may not make a block device");
        string device = loop.Output.Trim();
        try
        {
            await hvbackup.InitAsync();
            Assert.Equal(SizeBytes, await BackUpAsync(device));
            Assert.Equal(4096, await BackUpAsync("image:" + device));
        }
        finally
        {
            Tool.Try("losetup", "--detach", device);
        }
    }

    private async Task<long> BackUpAsync(string disk)
    {
        JsonElement made = (await hvbackup.RunAsync("backup", "--vm", "a", "--disk", disk)).Json();
        return made.GetProperty("disks")[0].GetProperty("virtualSize").GetInt64();
    }

    /// <summary>Writes the footer of a fixed VHD into the last sector.</summary>
    private static void PretendToBeVhd(string path, long sizeBytes)
    {
        byte[] footer = new byte[FooterBytes];
        "conectix"u8.CopyTo(footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(12), 0x10000);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(16), -1);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(40), sizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(48), sizeBytes);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(60), 2);
        footer[68] = 7;
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(64), ~(uint)footer.Sum(one => one));
        using FileStream file = File.OpenWrite(path);
        file.Seek(-FooterBytes, SeekOrigin.End);
        file.Write(footer);
    }
}
