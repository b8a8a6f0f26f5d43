using System.Text;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.Qemu.Tests.Kit;
using Xunit;

namespace HyperVBackup.Qemu.Tests.Qmp;

public sealed class QmpClientTests
{
    private const string Start =
        "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n{\"return\": {}, \"id\": 1}\r\n";

    private const string Conversation = Start
        + "{\"event\": \"A\", \"data\": {\"id\": \"x\"}}\n{\"return\": [{\"name\": \"ü\"}], \"id\": 2}\n"
        + "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such node\"}, \"id\": 3}\n"
        + "{\"event\": \"B\", \"data\": {\"id\": \"y\"}}\n{\"event\": \"B\", \"data\": {\"id\": \"x\"}}\n";

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public void Answers_errors_and_events_are_told_apart(int pieceBytes)
    {
        using QmpClient client = Open(Conversation, pieceBytes);
        Assert.Equal("ü", client.Execute("query").Items("nodes").Single().RequiredText("name"));
        client.WaitFor("A", data => data.Text("id") == "x");
        Assert.Equal("no such node", client.Try("query").Error);
        client.WaitFor("B", data => data.Text("id") == "x");
        Assert.False(client.IsBroken);
    }

    [Fact]
    public void A_refused_command_is_said_with_its_reason()
    {
        using QmpClient client = Open(Start + "{\"error\": {\"desc\": \"no such node\"}, \"id\": 2}\n");
        DiskImageException failure = Assert.Throws<DiskImageException>(() => client.Execute("blockdev-del"));
        Assert.Equal("The monitor refused 'blockdev-del': no such node.", failure.Message);
    }

    [Fact]
    public void An_answer_cut_at_any_byte_is_said_in_a_sentence()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Conversation);
        for (int length = 0; length < whole.Length; length++)
        {
            DiskImageException failure = Assert.Throws<DiskImageException>(() => Converse(whole[..length]));
            Assert.Matches("^The server ended the connection in the middle \\(.*\\)\\.$", failure.Message);
        }
    }

    [Fact]
    public void An_answer_with_any_byte_changed_is_read_or_refused()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Conversation);
        int refused = 0;
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] script = [.. whole];
            script[at] ^= 0x55;
            try
            {
                Converse(script);
            }
            catch (DiskImageException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 150, whole.Length);
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{\"return\": ", "not JSON")]
    [InlineData("{\"return\": {}}", "another command")]
    [InlineData("{\"return\": {}, \"id\": 7}", "another command")]
    [InlineData("{\"return\": {}, \"id\": \"2\"}", "another command")]
    [InlineData("{\"id\": 2}", "neither result nor error")]
    [InlineData("{\"error\": \"none\", \"id\": 2}", "neither result nor error")]
    [InlineData("{\"error\": {\"desc\": 5}, \"id\": 2}", "neither result nor error")]
    public void A_malformed_answer_is_refused_and_nothing_after_it_is_believed(string answer, string complaint)
    {
        using QmpClient client = Open(Start + answer + "\n{\"return\": {}, \"id\": 3}\n");
        DiskImageException failure = Assert.Throws<DiskImageException>(() => client.Execute("query"));
        Assert.Contains(complaint, failure.Message, StringComparison.Ordinal);
        Assert.Throws<DiskImageException>(() => client.Execute("query"));
        Assert.True(client.IsBroken);
    }

    [Fact]
    public void A_line_without_end_is_refused()
    {
        byte[] endless = new byte[65 << 20];
        endless.AsSpan().Fill((byte)' ');
        Encoding.UTF8.GetBytes(Start + "{").CopyTo(endless, 0);
        using QmpClient client = Open(endless);
        DiskImageException failure = Assert.Throws<DiskImageException>(() => client.Execute("query"));
        Assert.Contains("a line of more than", failure.Message, StringComparison.Ordinal);
    }

    private static void Converse(byte[] script)
    {
        using QmpClient client = Open(script);
        client.Execute("query");
        client.Try("query");
        client.WaitFor("B", data => data.Text("id") == "x");
    }

    private static QmpClient Open(string script, int pieceBytes = int.MaxValue) =>
        Open(Encoding.UTF8.GetBytes(script), pieceBytes);

    private static QmpClient Open(byte[] script, int pieceBytes = int.MaxValue) =>
        new(Scripts.PeerOf(new ScriptedStream(script, pieceBytes)), "The monitor");
}
