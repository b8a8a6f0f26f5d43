using System.Globalization;
using System.Text;
using System.Xml;

namespace HyperVBackup.Hosts.Wmi;

/// <summary>Writes an object as the text in which methods take one as an argument (CIM-XML, as of DTD 2.0): the class
/// and those properties that are set, in their order. Not thread-safe.</summary>
/// <param name="className">Its class.</param>
public sealed class EmbeddedInstance(string className)
{
    private readonly StringBuilder properties = new();

    public EmbeddedInstance Set(string name, string value) => Add(name, "string", value);

    public EmbeddedInstance Set(string name, bool value) => Add(name, "boolean", value ? "TRUE" : "FALSE");

    public EmbeddedInstance Set(string name, byte value) => Add(name, "uint8", Text(value));

    public EmbeddedInstance Set(string name, ushort value) => Add(name, "uint16", Text(value));

    public EmbeddedInstance Set(string name, uint value) => Add(name, "uint32", Text(value));

    public EmbeddedInstance Set(string name, ulong value) => Add(name, "uint64", Text(value));

    public EmbeddedInstance Set(string name, IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        properties.Append(CultureInfo.InvariantCulture, $"<PROPERTY.ARRAY NAME=\"{Escape(name)}\" TYPE=\"string\">")
            .Append("<VALUE.ARRAY>");
        foreach (string value in values)
        {
            properties.Append("<VALUE>").Append(Escape(value)).Append("</VALUE>");
        }

        properties.Append("</VALUE.ARRAY></PROPERTY.ARRAY>");
        return this;
    }

    public override string ToString() => $"<INSTANCE CLASSNAME=\"{Escape(className)}\">{properties}</INSTANCE>";

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    /// <exception cref="ArgumentException">XML cannot hold a character of it.</exception>
    private static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            XmlConvert.VerifyXmlChars(text);
        }
        catch (XmlException e)
        {
            throw new ArgumentException("The text holds a character that XML cannot.", nameof(text), e);
        }

        // A reader makes a line feed of a carriage return that stands as it is.
        return text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("\"", "&quot;", StringComparison.Ordinal)
            .Replace("\r", "&#13;", StringComparison.Ordinal);
    }

    private EmbeddedInstance Add(string name, string type, string value)
    {
        properties.Append(
            CultureInfo.InvariantCulture,
            $"<PROPERTY NAME=\"{Escape(name)}\" TYPE=\"{type}\"><VALUE>{Escape(value)}</VALUE></PROPERTY>");
        return this;
    }
}
