using HyperVBackup.Hosts.Wmi;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Wmi;

public sealed class EmbeddedInstanceTests
{
    [Fact]
    public void An_object_is_written_as_its_class_and_the_properties_that_are_set() => Assert.Equal(
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSnapshotSettingData\">"
        + "<PROPERTY NAME=\"ConsistencyLevel\" TYPE=\"uint8\"><VALUE>1</VALUE></PROPERTY>"
        + "<PROPERTY NAME=\"IgnoreNonSnapshottableDisks\" TYPE=\"boolean\"><VALUE>TRUE</VALUE></PROPERTY>"
        + "<PROPERTY NAME=\"Kind\" TYPE=\"uint16\"><VALUE>65535</VALUE></PROPERTY>"
        + "<PROPERTY NAME=\"Count\" TYPE=\"uint32\"><VALUE>4294967295</VALUE></PROPERTY>"
        + "<PROPERTY NAME=\"Size\" TYPE=\"uint64\"><VALUE>18446744073709551615</VALUE></PROPERTY>"
        + "<PROPERTY NAME=\"ElementName\" TYPE=\"string\">"
        + "<VALUE>a &lt;b&gt; &amp; &quot;c&quot;&#13;\n</VALUE></PROPERTY>"
        + "<PROPERTY.ARRAY NAME=\"Disks\" TYPE=\"string\"><VALUE.ARRAY><VALUE>C:\\a</VALUE><VALUE></VALUE>"
        + "</VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>",
        new EmbeddedInstance("Msvm_VirtualSystemSnapshotSettingData")
            .Set("ConsistencyLevel", (byte)1).Set("IgnoreNonSnapshottableDisks", true).Set("Kind", ushort.MaxValue)
            .Set("Count", uint.MaxValue).Set("Size", ulong.MaxValue).Set("ElementName", "a <b> & \"c\"\r\n")
            .Set("Disks", [@"C:\a", ""]).ToString());

    [Theory]
    [InlineData("a\0b")]
    [InlineData("\u0001")]
    public void A_text_that_xml_cannot_hold_is_refused(string text) =>
        Assert.Throws<ArgumentException>(() => new EmbeddedInstance("C").Set("P", text));

    [Fact]
    public void Half_a_character_is_refused() =>
        Assert.Throws<ArgumentException>(() => new EmbeddedInstance("C").Set("P", new string('\ud800', 1)));

    [Fact]
    public void Backslashes_and_quotes_are_doubled_in_queries_and_paths()
    {
        const string Id = """Microsoft:0A\83F8638B\0\0\L"x""";
        Assert.Equal(
            """SELECT * FROM C WHERE InstanceID="Microsoft:0A\\83F8638B\\0\\0\\L\"x" """.TrimEnd(),
            Wql.Where("C", "InstanceID", Id));
        CimPath path = new(@"root\virtualization\v2", "C", ("Name", "n"), ("InstanceID", Id));
        Assert.Equal(
            """root\virtualization\v2:C.InstanceID="Microsoft:0A\\83F8638B\\0\\0\\L\"x",Name="n" """.TrimEnd(),
            path.ToString());
        Assert.Equal(path, new CimPath(@"ROOT\virtualization\v2", "c", ("instanceid", Id), ("NAME", "n")));
        Assert.NotEqual(path, new CimPath(@"root\virtualization\v2", "C", ("Name", "N"), ("InstanceID", Id)));
    }

    [Fact]
    public void Values_of_another_type_than_expected_are_said_in_a_sentence()
    {
        CimObject found = new(new CimPath("n", "C", ("K", "1")), new Dictionary<string, object?>
        {
            ["Text"] = "t",
            ["Number"] = (ushort)7,
            ["Negative"] = -1,
            ["Numbers"] = new ushort[] { 2, 32774 },
            ["Nothing"] = null,
        });
        Assert.Equal("t", found.RequireText("text"));
        Assert.Equal(7ul, found.Number("Number"));
        Assert.Equal([2ul, 32774], found.Numbers("Numbers"));
        Assert.Null(found.Number("Nothing"));
        Assert.Empty(found.Texts("Missing"));
        Assert.Throws<HostException>(() => found.Number("Text"));
        Assert.Throws<HostException>(() => found.Number("Negative"));
        Assert.Throws<HostException>(() => found.Text("Number"));
        Assert.Throws<HostException>(() => found.RequireText("Nothing"));
        Assert.Throws<HostException>(() => found.Texts("Number"));
    }
}
