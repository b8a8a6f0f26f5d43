using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu.Qmp;

/// <summary>
/// QEMU's monitor: one command at a time, each with an id of its own, and the events that come in between. Whatever is
/// cut off, malformed or late makes the connection unusable and is a <see cref="DiskImageException"/>. Not thread-safe.
/// </summary>
internal sealed class QmpClient : IDisposable
{
    private const int EventCountMax = 10_000;

    private readonly Peer peer;
    private readonly JsonLines lines;
    private readonly string name;
    private readonly Queue<JsonElement> events = new();
    private long lastId;

    /// <summary>Reads the greeting and enters command mode.</summary>
    /// <param name="name">For messages.</param>
    /// <exception cref="DiskImageException">The peer is no QMP monitor, or does not answer.</exception>
    public QmpClient(Peer peer, string name)
    {
        (this.peer, this.name) = (peer, name);
        lines = new JsonLines(peer);
        peer.Expect();
        if (!lines.Read("the greeting; a monitor serves one program at a time").TryGetProperty("QMP", out _))
        {
            throw peer.Malformed("no QMP greeting");
        }

        peer.Done();
        Execute("qmp_capabilities");
    }

    public bool IsBroken => peer.IsBroken;

    public static QmpClient Open(PeerAddress address, TimeProvider clock, TimeSpan patience)
    {
        string name = $"The QMP monitor at '{address}'";
        Peer peer = new(address.Connect(), name, clock, patience);
        try
        {
            return new QmpClient(peer, name);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command that must succeed.</summary>
    /// <exception cref="DiskImageException">It is refused, or the connection fails.</exception>
    public JsonElement Execute(string command, JsonObject? arguments = null)
    {
        QmpAnswer answer = Try(command, arguments);
        return answer.Error is null
            ? answer.Result
            : throw new DiskImageException($"{name} refused '{command}': {answer.Error}.");
    }

    /// <summary>Runs a command, refused or not.</summary>
    /// <exception cref="DiskImageException">The connection fails.</exception>
    public QmpAnswer Try(string command, JsonObject? arguments = null)
    {
        events.Clear();
        long id = ++lastId;
        JsonObject message = new() { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
        {
            message["arguments"] = arguments;
        }

        peer.Expect();
        lines.Write(message, command);
        JsonElement answer = lines.Read(command);
        while (Keep(answer))
        {
            answer = lines.Read(command);
        }

        peer.Done();
        return AnswerOf(command, id, answer);
    }

    /// <summary>Waits for an event that came since the last command began, or comes.</summary>
    /// <param name="isIt">Told the event's data.</param>
    /// <exception cref="DiskImageException">The connection fails, or the event does not come in time.</exception>
    public void WaitFor(string eventName, Func<JsonElement, bool> isIt)
    {
        peer.Expect();
        while (true)
        {
            JsonElement next = events.Count > 0 ? events.Dequeue() : lines.Read(eventName);
            if (next.TryGetProperty("event", out JsonElement called) && called.ValueEquals(eventName)
                && next.TryGetProperty("data", out JsonElement data) && isIt(data))
            {
                peer.Done();
                return;
            }
        }
    }

    public void Dispose() => peer.Dispose();

    private bool Keep(JsonElement message)
    {
        if (!message.TryGetProperty("event", out _))
        {
            return false;
        }

        events.Enqueue(message);
        return events.Count <= EventCountMax ? true : throw peer.Malformed("events without end");
    }

    private QmpAnswer AnswerOf(string command, long id, JsonElement answer)
    {
        if (!answer.TryGetProperty("id", out JsonElement answered) || answered.ValueKind != JsonValueKind.Number
            || !answered.TryGetInt64(out long to) || to != id)
        {
            throw peer.Malformed($"an answer to another command than '{command}'");
        }

        if (answer.TryGetProperty("return", out JsonElement result))
        {
            return new QmpAnswer(result, null);
        }

        return answer.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object
            && error.TryGetProperty("desc", out JsonElement reason) && reason.ValueKind == JsonValueKind.String
            ? new QmpAnswer(default, reason.GetString()!.TrimEnd('.'))
            : throw peer.Malformed($"neither result nor error of '{command}'");
    }
}
