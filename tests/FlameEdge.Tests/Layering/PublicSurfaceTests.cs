using System.Reflection;
using System.Runtime.CompilerServices;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Layering;

/// <summary>The core's public surface is listed; its diff is read.</summary>
public class PublicSurfaceTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly string List = Path.Combine(SourceTree.Root, "docs", "api", "FlameEdge.txt");

    // What the compiler adds to every record says nothing about it.
    private static readonly string[] OfRecords = ["Equals", "GetHashCode", "ToString", "Deconstruct", "PrintMembers", "<Clone>$", "op_Equality", "op_Inequality", "EqualityContract"];

    [Fact]
    public void The_public_surface_is_the_one_that_is_listed()
    {
        string[] surface = [.. typeof(ParameterSet).Assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(List)!);
            File.WriteAllLines(List, surface);
        }

        var listed = File.Exists(List) ? File.ReadAllLines(List) : [];
        string[] diff = [.. listed.Except(surface).Select(line => "- " + line), .. surface.Except(listed).Select(line => "+ " + line)];

        Assert.True(diff.Length == 0, $"the public surface changed; where that is wanted, run with FLAMEEDGE_APPROVE=1 and commit {Path.GetRelativePath(SourceTree.Root, List)}:\n{string.Join('\n', diff)}");
    }

    private static IEnumerable<string> Lines(Type type)
    {
        var name = $"{type.Namespace}.{Name(type)}";
        yield return $"{name} : {Kind(type)}";
        if (typeof(Delegate).IsAssignableFrom(type) || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(type))
        {
            yield break;
        }

        foreach (var member in type.GetMembers(Declared).Where(member => !OfRecords.Contains(member.Name) && Text(member) is not null))
        {
            yield return $"{name}.{Text(member)}";
        }
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : (type.IsAbstract && type.IsSealed ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class")
            + (type.BaseType is { } parent && parent != typeof(object) ? " of " + Name(parent) : string.Empty);

    private static string? Text(MemberInfo member) => member switch
    {
        FieldInfo { IsSpecialName: false } field when IsSeen(field.Attributes.HasFlag(FieldAttributes.Public), field.IsFamily || field.IsFamilyOrAssembly) =>
            field is { IsLiteral: true, DeclaringType.IsEnum: true } ? field.Name : $"{field.Name} : {Name(field.FieldType)}",
        PropertyInfo property when IsSeen(property.GetMethod ?? property.SetMethod) =>
            $"{property.Name}{Parameters(property.GetIndexParameters(), "[]")} {{ {string.Join(' ', Accessors(property))} }} : {Name(property.PropertyType)}",
        EventInfo happening when IsSeen(happening.AddMethod) => $"{happening.Name} : event {Name(happening.EventHandlerType!)}", // An event has a type.
        ConstructorInfo { IsStatic: false } constructor when IsSeen(constructor) && !IsCopy(constructor) => $"new{Parameters(constructor.GetParameters(), "()")}",
        MethodInfo method when IsSeen(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && !method.IsDefined(typeof(CompilerGeneratedAttribute)) =>
            $"{method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : string.Empty)}{Parameters(method.GetParameters(), "()")} : {Name(method.ReturnType)}",
        _ => null,
    };

    private static bool IsCopy(ConstructorInfo constructor) => constructor.GetParameters() is [var only] && only.ParameterType == constructor.DeclaringType && constructor.DeclaringType!.GetMethod("<Clone>$") is not null; // A constructor is declared.

    private static bool IsSeen(MethodBase? method) => method is not null && IsSeen(method.IsPublic, method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsSeen(bool isPublic, bool isForHeirs) => isPublic || isForHeirs;

    private static IEnumerable<string> Accessors(PropertyInfo property)
    {
        if (IsSeen(property.GetMethod))
        {
            yield return "get;";
        }

        if (IsSeen(property.SetMethod))
        {
            yield return property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;"; // Seen, so there is one.
        }
    }

    private static string Parameters(ParameterInfo[] parameters, string brackets) => parameters.Length == 0 && brackets == "[]" ? string.Empty
        : brackets[0] + string.Join(", ", parameters.Select(parameter => $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.IsOptional ? " = " + (parameter.DefaultValue ?? "default") : string.Empty)}")) + brackets[1];

    private static string Name(Type type)
    {
        if (type.IsByRef || type.IsArray)
        {
            return Name(type.GetElementType()!) + (type.IsArray ? "[]" : "&"); // Both have one.
        }

        var name = (type.IsNested && !type.IsGenericParameter ? Name(type.DeclaringType!) + "." : string.Empty) + type.Name.Split('`')[0]; // A nested type stands in one.
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
