using System.Globalization;
using System.Text;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Wmi;
using Microsoft.Management.Infrastructure;
using Microsoft.Management.Infrastructure.Serialization;

namespace HyperVBackup.HyperV.Wmi;

/// <summary>Asks the WMI providers of this host, or of another by WinRM, through Windows' management interface. Nothing
/// is decided here. It was built against that interface and never run on a Hyper-V host.</summary>
public sealed class MmiClient : ICimClient, IDisposable
{
    private const string QueryLanguage = "WQL";
    private const string JobName = "Job";
    private readonly CimSession session;
    private readonly string? computer;

    private MmiClient(CimSession session, string? computer) => (this.session, this.computer) = (session, computer);

    /// <param name="computer">Null for this one.</param>
    /// <exception cref="HostException">The management interface cannot be loaded, or refuses.</exception>
    public static MmiClient Connect(string? computer)
    {
        try
        {
            return new MmiClient(CimSession.Create(computer), computer);
        }
        catch (Exception failure) when (MmiFailures.IsOfLoading(failure))
        {
            throw MmiFailures.OfLoading(failure);
        }
        catch (CimException failure)
        {
            throw MmiFailures.Of("The connection", computer, failure.NativeErrorCode, failure.Message);
        }
    }

    public IReadOnlyList<CimObject> Query(string cimNamespace, string wql) => Ask(
        $"The query '{wql}'",
        () => session.QueryInstances(cimNamespace, QueryLanguage, wql).Select(found => ObjectOf(found, cimNamespace))
            .ToList());

    public IReadOnlyList<CimObject> Associators(CimPath path, string associationClass, string resultClass)
    {
        ArgumentNullException.ThrowIfNull(path);
        using CimInstance source = InstanceOf(path);
        return AskOrNull(
            $"The question for {resultClass} of {path}",
            () => session
                .EnumerateAssociatedInstances(path.Namespace, source, associationClass, resultClass, null, null)
                .Select(found => ObjectOf(found, path.Namespace)).ToList()) ?? [];
    }

    public CimObject? Get(CimPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using CimInstance asked = InstanceOf(path);
        return AskOrNull(
            $"The question for {path}", () => ObjectOf(session.GetInstance(path.Namespace, asked), path.Namespace));
    }

    public CimAnswer Invoke(CimPath path, string method, IReadOnlyDictionary<string, object?> arguments)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(arguments);
        using CimInstance target = InstanceOf(path);
        using CimMethodParametersCollection given = [];
        foreach ((string name, object? value) in arguments)
        {
            // What is given out alone is not given in.
            if (value is not null)
            {
                (object argument, CimType type) = MmiValues.ToArgument(name, value, InstanceOf);
                given.Add(CimMethodParameter.Create(name, argument, type, CimFlags.In));
            }
        }

        return Ask($"The call of {method}", () => AnswerOf(
            session.InvokeMethod(path.Namespace, target, method, given), path.Namespace));
    }

    public void Dispose() => session.Dispose();

    private static CimAnswer AnswerOf(CimMethodResult result, string cimNamespace)
    {
        using (result)
        {
            Dictionary<string, object?> given = new(StringComparer.OrdinalIgnoreCase);
            foreach (CimMethodParameter item in result.OutParameters)
            {
                given[item.Name] = MmiValues.ToPlain(item.Value, instance => item.CimType == CimType.Reference
                    ? PathOf(instance, cimNamespace, isReference: true)
                    : TextOf(instance));
            }

            uint returned = Convert.ToUInt32(result.ReturnValue.Value, CultureInfo.InvariantCulture);
            return new CimAnswer(returned, given, given.GetValueOrDefault(JobName) as CimPath);
        }
    }

    private static CimObject ObjectOf(CimInstance found, string cimNamespace)
    {
        using (found)
        {
            return new CimObject(
                PathOf(found, cimNamespace, isReference: false),
                found.CimInstanceProperties.ToDictionary(
                    property => property.Name,
                    property => MmiValues.ToPlain(property.Value, instance => property.CimType == CimType.Reference
                        ? PathOf(instance, cimNamespace, isReference: true)
                        : TextOf(instance))));
        }
    }

    private static CimPath PathOf(CimInstance instance, string cimNamespace, bool isReference) => MmiValues.ToPath(
        instance.CimSystemProperties.Namespace is { Length: > 0 } own ? own : cimNamespace,
        instance.CimSystemProperties.ClassName, instance.CimInstanceProperties, isReference);

    private static string TextOf(CimInstance instance)
    {
        using CimSerializer serializer = CimSerializer.Create();
        return Encoding.Unicode.GetString(serializer.Serialize(instance, InstanceSerializationOptions.None));
    }

    private static CimInstance InstanceOf(CimPath path)
    {
        CimInstance instance = new(path.ClassName, path.Namespace);
        foreach ((string name, string value) in path.Keys)
        {
            instance.CimInstanceProperties.Add(CimProperty.Create(name, value, CimType.String, CimFlags.Key));
        }

        return instance;
    }

    private T? AskOrNull<T>(string what, Func<T> question)
        where T : class
    {
        try
        {
            return question();
        }
        catch (CimException failure) when (failure.NativeErrorCode == NativeErrorCode.NotFound)
        {
            return null;
        }
        catch (CimException failure)
        {
            throw MmiFailures.Of(what, computer, failure.NativeErrorCode, failure.Message);
        }
    }

    private T Ask<T>(string what, Func<T> question)
    {
        try
        {
            return question();
        }
        catch (CimException failure)
        {
            throw MmiFailures.Of(what, computer, failure.NativeErrorCode, failure.Message);
        }
    }
}
