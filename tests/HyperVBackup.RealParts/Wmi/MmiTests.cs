using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.HyperV.Wmi;
using Microsoft.Management.Infrastructure;
using Xunit;

namespace HyperVBackup.RealParts.Wmi;

/// <summary>What passes between Windows' management interface and the rest, as far as its types work without Windows:
/// none of it can make an instance here.</summary>
public sealed class MmiTests
{
    private const string ClassName = "Msvm_ConcreteJob";

    [Fact]
    public void An_object_is_named_by_its_keys_and_a_reference_by_all_that_came_with_it()
    {
        CimProperty key = CimProperty.Create("InstanceID", @"a\b", CimType.String, CimFlags.Key);
        CimProperty number = CimProperty.Create("Number", (ushort)7, CimType.UInt16, CimFlags.Key);
        CimProperty plain = CimProperty.Create("ElementName", "x", CimType.String, CimFlags.Property);

        CimPath path = MmiValues.ToPath("root/virtualization/v2", ClassName, [plain, key, number], isReference: false);
        CimPath reference = MmiValues.ToPath("root/x", ClassName, [plain], isReference: true);

        Assert.Equal(
            new CimPath(@"root\virtualization\v2", ClassName, ("InstanceID", @"a\b"), ("Number", "7")), path);
        Assert.Equal(new CimPath(@"root\x", ClassName, ("ElementName", "x")), reference);
        Assert.Throws<HostException>(() => MmiValues.ToPath("root/x", ClassName, [plain], isReference: false));
        Assert.Throws<HostException>(() => MmiValues.ToPath(
            "root/x", ClassName, [CimProperty.Create("InstanceID", null, CimType.String, CimFlags.Key)], true));
    }

    [Fact]
    public void Values_are_plain_ones()
    {
        DateTime time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        object?[] values = ["text", (ushort)3, true, new ulong[] { 1, 2 }, new[] { "a" }, null];
        Assert.All(values, value => Assert.Equal(value, Plain(value)));
        Assert.Equal(new DateTimeOffset(time), Plain(time));
        Assert.Equal(new[] { new DateTimeOffset(time) }, Plain(new[] { time }));
        Assert.Equal("00:05:00", Plain(TimeSpan.FromMinutes(5)));
        Assert.Equal("x", Plain('x'));

        // As an object shows them then.
        CimObject found = new(
            new CimPath("root", ClassName, ("InstanceID", "1")), new Dictionary<string, object?>
            {
                ["JobState"] = Plain((ushort)7),
                ["Created"] = Plain(time),
            });
        Assert.Equal((7UL, new DateTimeOffset(time)), (found.Number("JobState"), found.Time("Created")));
    }

    [Fact]
    public void Arguments_have_the_types_that_methods_take()
    {
        Assert.Equal(("text", CimType.String), Argument("text"));
        Assert.Equal(((ushort)32768, CimType.UInt16), Argument((ushort)32768));
        Assert.Equal((true, CimType.Boolean), Argument(true));
        Assert.Equal(((byte)1, CimType.UInt8), Argument((byte)1));
        Assert.Equal((1u, CimType.UInt32), Argument(1u));
        Assert.Equal((1UL, CimType.UInt64), Argument(1UL));
        (object texts, CimType type) = Argument(new List<string> { "a", "b" });
        Assert.Equal(CimType.StringArray, type);
        Assert.Equal(["a", "b"], Assert.IsType<string[]>(texts));
        Assert.Equal(CimType.Reference, MmiValues.ToArgument("x", new CimPath("root", ClassName), _ => null!).Type);
        Assert.Contains("Guid", Assert.Throws<HostException>(() => Argument(Guid.Empty)).Message);
    }

    [Fact]
    public void Failures_are_a_sentence_with_the_number_that_is_asked_for()
    {
        HostException missing = MmiFailures.Of("The query 'x'", null, NativeErrorCode.InvalidNamespace, "Bad.\r\nSo ");
        HostException denied = MmiFailures.Of("The call of x", "hv2", NativeErrorCode.AccessDenied, "No");

        Assert.Equal("The query 'x' failed: Bad. So (InvalidNamespace).", missing.Message);
        Assert.Equal(ClusterNodes.NoSuchNamespace, missing.Code);
        Assert.Contains("on hv2: No (AccessDenied): run elevated", denied.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_management_interface_is_missing_that_is_said()
    {
        string said = Assert.Throws<HostException>(() => MmiClient.Connect(null)).Message;

        Assert.StartsWith("Windows' management interface (WMI) cannot be used", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    private static object? Plain(object? value) =>
        MmiValues.ToPlain(value, _ => throw new InvalidOperationException("There is no instance."));

    private static (object Value, CimType Type) Argument(object value) =>
        MmiValues.ToArgument("x", value, _ => throw new InvalidOperationException("There is no path."));
}
