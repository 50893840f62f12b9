"""Labels of sums, read word by word: net, tax and total are named in more combinations than a table could hold."""

from __future__ import annotations

import re
from functools import lru_cache

from llamabatch_nb.engine.extractors.shipped.words import key, words

_TAX = """
cgst sgst igst vat tax taxes gst hst pst mwst ust umsatzsteuer mehrwertsteuer steuer steuern steuerbetrag
mwstbetrag tva btw iva moms alv dph podatek podatku afa mwstsumme ustbetrag vatamount salestax btwbedrag
omzetbelasting impuesto impuestos imposta imposte steuersumme impots taxe mva umsatzsteuerbetrag
mehrwertsteuerbetrag ptu dan
"""
_NET = """
net netto nettobetrag nettosumme ht excl exkl exclusive excluding excluded exc ex excluido zonder ohne before
sin hors exclusief imponibile imponible untaxed subtotal zwischensumme subtotaal netbedrag nettowert gesamtnetto
nettogesamtbetrag nettogesamt warenwert subtotale zwischentotal summenetto neto netta netter sousstotal
mezisoucet mellansumme valisumma nettogesamtsumme rechnungsbetragnetto taxable senza escl escluso esclusa
gesamtbetragnetto eks ekskl uten nettopreis nettorechnungsbetrag warennettowert nettowarenwert bruttowarenwert bez
positionssumme liquido podsuma delsumma subtot
"""
_GROSS = """
brut gross brutto bruttobetrag ttc incl inkl inclusive including included inc inclusief bruttosumme gesamtbrutto
bruttogesamtbetrag toutes compris incluido incluidos inclusa compresa ivato mit gesamtbetragbrutto bruttogesamt
bruttogesamtsumme ivacompresa bruttorechnungsbetrag mitmwst with con met avec
"""
#: What an invoice comes to: the total, unless a word says net.
_FINAL = """
endbetrag endsumme rechnungsbetrag rechnungssumme rechnungsendbetrag gesamtrechnungsbetrag rechnungsgesamtbetrag
factuurbedrag factuurtotaal fakturabelopp grandtotal rechnungstotal fakturatotal
"""
_TOTAL = """
total totals totaal totale gesamt gesamtbetrag gesamtsumme summe sum totalamount grandtotal totalbetrag totalt
totalsumme suma razem ogolem yhteensa celkem betrag amount montant bedrag importe importo kwota summa eindtotaal
invoicetotal totaux totali ensemble invoiceamount totaalbedrag gesammt endpreis gesamtpreis valor belopp belob
summaryfinal belopet belop gutschriftsbetrag gutschriftbetrag
"""
_DUE = """
due payable pay balance zahlbetrag zahlungsbetrag zahlen zahlender payer payez betalen pagar pagare zaplaty
outstanding owed owing offen offener fallig falliger openstaand reste solde saldo zuzahlen zahlbar dovuto betala
betale betales regler maksettava uhrade restbetrag netapayer
"""
_PAID = """
paid prepaid deposit anzahlung bezahlt gezahlt acompte paye aanbetaling betaald pagado anticipo acconto
zaplacono bereits geleistete received prepayment vorauszahlung abschlag verse tendered cash change ruckgeld
wechselgeld wisselgeld rendu
"""
_DISCOUNT = """
discount rabatt remise korting descuento sconto rabat skonto nachlass desconto rebate allowance abzuge savings
coupon escompte
"""
_SHIPPING = """
shipping versand versandkosten freight postage livraison port frais verzendkosten verzending envio portes
spedizione trasporto delivery lieferung transport handling porto fracht frachtkosten wysylka dostawa frakt
verpackung transporte
"""
#: What a label of a sum may hold besides.
_FILL = """
the te att da of complessivo cuota order in to eur usd gbp chf pln cad sek euro euros de des la le les l d du a
au and und et y e i en der die das den zu zzgl zuzuglich plus add value added this invoice your our us rechnung
facture factuur factura fattura faktury general final grand be van op aan all amounts base basis rate at on from
auf aus von fur for bei satz davon enthaltene enthalten waarvan dont di cui in% applicable sales state local
city county positionen artikel lieferung nett sub sous zwischen netapayer cost costs
price preis wert wartosc vat% gross zl kr do ter hoog laag tarief reduit normal standard reduced sur sobre taxe
waren prestations total% gesetzliche gesetzl s t h c incl now today net cent aktueller
rechnungs mehrwert umsatz montants summary subtotal documento facturado invoiced billed sale mwst imponibile%
per a% il al nl oss standaard member belastung fees charges% totala fakturabelopp usd% uw nog hoofdsom
totalement r currency k dkk nok czk huf ron aud nzd inr credit crediteren please
"""

_SETS = {
    "tax": frozenset(map(key, _TAX.split())),
    "net": frozenset(map(key, _NET.split())),
    "gross": frozenset(map(key, _GROSS.split())),
    "final": frozenset(map(key, _FINAL.split())),
    "total": frozenset(map(key, _TOTAL.split())),
    "due": frozenset(map(key, _DUE.split())),
    "paid": frozenset(map(key, _PAID.split())),
    "discount": frozenset(map(key, _DISCOUNT.split())),
    "shipping": frozenset(map(key, _SHIPPING.split())),
    "fill": frozenset(map(key, _FILL.split())),
}
#: Two and three words that are one: joined before the words are looked at.
_JOINED = """
sub total = subtotal | sous total = subtotal | base imponible = imponible | zwischen summe = subtotal | h t = ht
| t t c = ttc | t v a = tva | i v a = iva | b t w = btw | a payer = payer | hors taxe = ht | hors taxes = ht |
hors tva = ht | net a payer = netapayer | toutes taxes = ttc | mehrwert steuer = mwst | taxes comprises = ttc |
base ht = ht | umsatz steuer = ust | sales tax = tax | zu zahlen = zuzahlen | taxe sur la valeur ajoutee = tva |
before tax = net | ex vat = net | bez vat = net | value added tax = vat | tax exclusive = net | tax inclusive =
gross | total taxes = tax | total tax = tax | without tax = net | without vat = net | gross worth = gross | net
worth = net | taxable amount = net | ex btw = net | invoice total = grandtotal | grand total = grandtotal | tax
base = net | basis amount = net | taxable value = net | moms fri = net |
zaklad dane = net | zaklad dph = net | s dph = gross | vc dph = gross |
vcetne dph = gross | toutes taxes comprises = ttc |
net pay = netpay | gross pay = grosspay
"""
_JOINS = dict(" ".join(pair.split()).split(" = ") for pair in _JOINED.split("|"))
_JOIN = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, _JOINS), key=len, reverse=True)) + r")\b")


@lru_cache(maxsize=8192)
def kind_of(label: str) -> str | None:
    """What a label sums up, by the concepts of the lexicon; ``sum`` may be the net sum or the total.

    None unless every word of the label is one of a sum's.
    """
    keys = _JOIN.sub(lambda found: _JOINS[found[0]], " ".join(word.key for word in words(label))).split()
    keys = [one for one in keys if not one.isdigit()]
    if not 1 <= len(keys) <= 9:
        return None
    has = {name for one in keys for name, known in _SETS.items() if one in known}
    if any(not any(one in known for known in _SETS.values()) for one in keys):
        return None
    return _judged(has, keys)


def _judged(has: set[str], keys: list[str]) -> str | None:
    if "paid" in has and not has & {"tax", "gross"}:
        return "amount_paid"
    if extra := _extra(has, keys):
        return extra
    if "due" in has or "netapayer" in keys:
        return "tax_amount" if "tax" in has and not has & {"total", "gross", "final"} else "amount_due"
    if "net" in has:
        return None if "gross" in has else "subtotal"
    if "tax" in has:
        return _taxed(has, keys)
    if "gross" in has and "final" not in has:
        # "incl." alone says nothing.
        return "total" if "total" in has or any(len(one) > 4 for one in keys if one in _SETS["gross"]) else None
    return "total" if "final" in has else "sum" if "total" in has else None


def _extra(has: set[str], keys: list[str]) -> str | None:
    """A discount or shipping, if that is what the label is about: "Total before discount" is not."""
    about = has & {"gross", "due", "net", "tax"} or keys[0] in _SETS["total"]
    return next((name for name in ("discount", "shipping") if name in has and not about), None)


def _taxed(has: set[str], keys: list[str]) -> str | None:
    first_tax = min(index for index, one in enumerate(keys) if one in _SETS["tax"])
    if "gross" in has:
        totals = [index for index, one in enumerate(keys) if one in _SETS["total"] or one in {"brutto", "gross", "ttc"}]
        # "incl. VAT 21 %: 4.20" is the tax in the total, "Total incl. VAT" is the total.
        return "total" if totals and min(totals) < first_tax else "tax_amount"
    return "tax_amount"
