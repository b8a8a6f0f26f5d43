using System.Text.Json;

namespace HyperVBackup.Disks.Changes;

/// <summary>
/// The grammar of a ranges file over single tokens. Invariants: the first fault is kept, and later ones are not
/// looked at; after a fault the parse goes on, so that the id is known when only the ranges are bad; ranges are
/// collected only while there is no fault.
/// </summary>
internal sealed class RangesFileParser : IJsonTokenSink
{
    private readonly ChangedRangesBuilder ranges = new();
    private readonly HashSet<Place> seen = [];
    private Place place = Place.Root;
    private Place afterSkipped;
    private int skippedDepth;
    private string? since;
    private string? id;
    private bool isIdAmbiguous;
    private bool hasRanges;
    private long? offsetBytes;
    private long? lengthBytes;
    private long reachBytes;
    private string? fault;

    /// <summary>What the parse stands before.</summary>
    private enum Place
    {
        Root,
        Name,
        Since,
        Id,
        Ranges,
        Range,
        RangeName,
        Offset,
        Length,
        Unknown,
        UnknownInRange,
        Skipped,
    }

    public void Take(ref Utf8JsonReader token)
    {
        switch (place)
        {
            case Place.Skipped:
                TakeSkipped(ref token);
                break;
            case Place.Root:
                TakeStart(ref token, JsonTokenType.StartObject, Place.Name, Place.Name, "the text is no object");
                break;
            case Place.Name:
                TakeName(ref token);
                break;
            case Place.Since:
                since = TakeId(ref token, "since");
                break;
            case Place.Id:
                id = TakeId(ref token, "id");
                break;
            case Place.Ranges:
                TakeStart(ref token, JsonTokenType.StartArray, Place.Range, Place.Name, "'ranges' is no list");
                break;
            case Place.Range:
                TakeRange(ref token);
                break;
            case Place.RangeName:
                TakeRangeName(ref token);
                break;
            case Place.Offset:
                offsetBytes = TakeBytes(ref token);
                break;
            case Place.Length:
                lengthBytes = TakeBytes(ref token);
                break;
            case Place.Unknown:
                Leave(ref token, Place.Name);
                break;
            case Place.UnknownInRange:
                Leave(ref token, Place.RangeName);
                break;
            default:
                throw new InvalidOperationException($"A defect of HyperVBackup: no rule for '{place}'.");
        }
    }

    /// <summary>The whole text was taken.</summary>
    internal RangesFile Finish()
    {
        Fault(!seen.Contains(Place.Ranges), "it has no 'ranges'");
        Fault(since is null, "its 'since' is missing or null");
        Fault(id is null, "its 'id' is missing or null");
        bool isRepeated = id is not null && id == since && (hasRanges || fault is not null);
        Fault(isRepeated, "its 'id' equals its 'since' although it lists ranges");
        return new RangesFile
        {
            Since = since,
            Id = isRepeated || isIdAmbiguous ? null : id,
            Changes = fault is null
                ? new DiskChanges.Known(ranges.Build())
                : new DiskChanges.Lost($"the ranges file is not usable: {fault}"),
            ReachBytes = reachBytes,
        };
    }

    private void TakeName(ref Utf8JsonReader token)
    {
        if (token.TokenType == JsonTokenType.EndObject)
        {
            place = Place.Root;
            return;
        }
        place = JsonText.Is(ref token, "since"u8) ? Place.Since
            : JsonText.Is(ref token, "id"u8) ? Place.Id
            : JsonText.Is(ref token, "ranges"u8) ? Place.Ranges
            : Place.Unknown;
        if (place != Place.Unknown && !seen.Add(place))
        {
            Fault(true, $"it has '{JsonText.Of(ref token)}' twice");
            isIdAmbiguous = true;
        }
    }

    private void TakeRange(ref Utf8JsonReader token)
    {
        if (token.TokenType == JsonTokenType.EndArray)
        {
            place = Place.Name;
            return;
        }
        hasRanges = true;
        (offsetBytes, lengthBytes) = (null, null);
        TakeStart(ref token, JsonTokenType.StartObject, Place.RangeName, Place.Range, "a range in it is no object");
    }

    private void TakeRangeName(ref Utf8JsonReader token)
    {
        if (token.TokenType == JsonTokenType.EndObject)
        {
            AddRange();
            place = Place.Range;
            return;
        }
        place = JsonText.Is(ref token, "offset"u8) ? Place.Offset
            : JsonText.Is(ref token, "length"u8) ? Place.Length
            : Place.UnknownInRange;
        Fault(place == Place.Offset && offsetBytes is not null, "a range in it has 'offset' twice");
        Fault(place == Place.Length && lengthBytes is not null, "a range in it has 'length' twice");
    }

    private void AddRange()
    {
        Fault(offsetBytes is null || lengthBytes is null, "a range in it lacks its offset or length");
        if (fault is not null)
        {
            return;
        }
        (long offset, long length) = (offsetBytes!.Value, lengthBytes!.Value);
        if (offset < 0 || length < 0 || length > long.MaxValue - offset)
        {
            Fault(true, $"it has a range at {offset}, {length} bytes long, which no disk has");
            return;
        }
        ranges.Add(offset, length);
        reachBytes = Math.Max(reachBytes, offset + length);
    }

    private string? TakeId(ref Utf8JsonReader token, string name)
    {
        string? value = token.TokenType == JsonTokenType.String ? JsonText.Of(ref token) : null;
        bool isUsable = value is not null && TrackingId.IsValid(value);
        Fault(
            !isUsable && token.TokenType != JsonTokenType.Null,
            $"its '{name}' is not a text of 1 to {TrackingId.LengthMax} characters without control characters");
        Leave(ref token, Place.Name);
        return isUsable ? value : null;
    }

    private long? TakeBytes(ref Utf8JsonReader token)
    {
        long value = 0;
        bool isWhole = token.TokenType == JsonTokenType.Number && token.TryGetInt64(out value);
        Fault(!isWhole, "a range in it has an offset or length that is not a whole number of bytes");
        Leave(ref token, Place.RangeName);
        return value;
    }

    private void TakeStart(ref Utf8JsonReader token, JsonTokenType wanted, Place within, Place after, string otherwise)
    {
        if (token.TokenType == wanted)
        {
            place = within;
            return;
        }
        Fault(true, otherwise);
        Leave(ref token, after);
    }

    /// <summary>Goes on at <paramref name="next"/> after the value that begins here, however deep it is.</summary>
    private void Leave(ref Utf8JsonReader token, Place next)
    {
        bool isNested = token.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        (place, afterSkipped, skippedDepth) = isNested
            ? (Place.Skipped, next, token.CurrentDepth)
            : (next, afterSkipped, skippedDepth);
    }

    private void TakeSkipped(ref Utf8JsonReader token)
    {
        bool isEnd = token.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
        if (isEnd && token.CurrentDepth == skippedDepth)
        {
            place = afterSkipped;
        }
    }

    private void Fault(bool isFault, string what)
    {
        if (isFault)
        {
            fault ??= what;
        }
    }
}
