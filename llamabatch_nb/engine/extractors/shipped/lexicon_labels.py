"""Labels of a document's facts, in the languages that European business papers are written in: a table of facts.

Folded (`words.fold`), between bars. Sums (net, tax, total) are not here: `sums.py` reads them word by word.
"""

from __future__ import annotations

from llamabatch_nb.engine.extractors.shipped.words import pairs_of, split_bars

#: Concept to its labels.
LABELS: dict[str, tuple[str, ...]] = {
    "invoice_number": (
        *pairs_of(
            "invoice | tax invoice | bill | inv | credit note | receipt | document",
            "number | no | nr | num | id | code",
        ),
        *pairs_of("rechnung | rechnungs | gutschrift | gutschrifts | beleg | belegs", "nummer | nr | no | nummern"),
        *pairs_of("facture | de facture | avoir", "no | numero | n | nr | num"),
        *pairs_of("factuur | faktuur | nota", "nummer | nr | no"),
        *pairs_of("factura | fattura | fatura | faktura", "numero | no | n | nr | num | nro | numer"),
        *split_bars(
            """
no facture | no de facture | no de la facture | numero facture | numero de facture | numero de la facture | n facture
| n de facture | n de la facture | nr facture | nr de facture | nr de la facture | num facture | num de facture | num
de la facture | numero factura | numero de factura | numero de la factura | no factura | no de factura | no de la
factura | num factura | num de factura | num de la factura | n factura | n de factura | n de la factura | nro factura
| nro de factura | nro de la factura | numero fattura | numero documento | numero fatura | n fattura | n documento | n
fatura | no fattura | no documento | no fatura | num fattura | num documento | num fatura | numer faktury | nr faktury
| faktura vat nr | faktura vat | numer dokumentu | nr dokumentu | fakturanummer | fakturanr | faktura nr | laskun
numero | laskunumero | cislo faktury | faktura cislo | numero da fatura | fatura n | szamla sorszama | invoice
reference | txn | transaction id | rechnung nummer | invoice | rechnung | facture | factuur | factura | fattura |
faktura | creditnotanummer | creditnummer
            """
        ),
    ),
    "invoice_date": (
        *pairs_of("invoice | bill | billing | issue | issuing | document | receipt", "date"),
        *split_bars(
            """
date of issue | date issued | date of invoice | issued | issued on | tax point | invoice dated | rechnungsdatum |
ausstellungsdatum | belegdatum | datum der rechnung | rechnung vom | rechnungs datum | date de facture | date de
facturation | date facture | date de la facture | date d emission | date emission | facture du | emise le | date d
etablissement | factuurdatum | factuur datum | faktuurdatum | notadatum | fecha de factura | fecha factura | fecha de
emision | fecha emision | fecha de expedicion | data fattura | data della fattura | data documento | data emissione |
data di emissione | data wystawienia | data faktury | data da fatura | data de emissao | data emissao | fakturadatum |
fakturadato | laskun paivays | datum vystaveni | date | datum | fecha | data | dato | paivays | vom | du | del
            """
        ),
    ),
    "due_date": split_bars(
        """
due date | payment due | payment due date | due | due on | due by | pay by | pay before | date due | payable by |
payment due by | payment date | please pay by | falligkeitsdatum | fallig am | zahlbar bis | fallig | falligkeit |
zahlungsziel | zu zahlen bis | zahlungsdatum | fallig bis | zahlbar bis zum | zahlungsfrist | faelligkeit |
faelligkeitsdatum | date d echeance | echeance | date echeance | date limite de paiement | a payer avant | echeance le
| date de paiement | date d exigibilite | a payer avant le | payable avant le | vervaldatum | betaaldatum | uiterste
betaaldatum | te betalen voor | betalen voor | betaal voor | fecha de vencimiento | fecha vencimiento | vencimiento |
fecha limite de pago | vence | data scadenza | scadenza | data di scadenza | scadenza pagamento | entro il | termin
platnosci | termin zaplaty | data platnosci | data de vencimento | vencimento | forfallodatum | forfallsdato |
forfaldsdato | betalingsfrist | erapaiva | datum splatnosti | splatnost
        """
    ),
    "delivery_date": split_bars(
        """
delivery date | date of delivery | service date | date of supply | supply date | delivered on | ship date | shipping
date | date shipped | delivery | lieferdatum | leistungsdatum | datum der lieferung | liefertermin |
leistungszeitpunkt | liefer leistungsdatum | lieferdatum leistungsdatum | auslieferungsdatum | date de livraison |
date livraison | livre le | date de prestation | leverdatum | leveringsdatum | bezorgdatum | fecha de entrega | fecha
entrega | data di consegna | data consegna | data sprzedazy | data dostawy | data de entrega | leveransdatum |
leveringsdato | toimituspaiva | data wykonania uslugi
        """
    ),
    "order_date": split_bars(
        """
order date | date of order | bestelldatum | auftragsdatum | date de commande | besteldatum | fecha de pedido | data
ordine | data zamowienia | bestellt am | ordered on | orderdatum
        """
    ),
    "order_number": (
        *pairs_of(
            "order | purchase order | po | your order | sales order | customer order | p o",
            "number | no | nr | num | id | code",
        ),
        *pairs_of(
            "bestell | bestellungs | auftrags | auftrag | bestellung | ihre bestell | ihre bestellung | ihre auftrags",
            "nummer | nr | no | nummern",
        ),
        *split_bars(
            """
purchase order | po | your order | order | order reference | order ref | p o | po ref | ihre bestellung | bestellung |
auftrag | ihr auftrag | numero de commande | no de commande | n de commande | commande no | commande n | n commande |
bon de commande | votre commande | commande | reference commande | no commande | numero commande | bestelnummer |
ordernummer | bestelling | uw bestelling | inkoopordernummer | ordernr | order nr | numero de pedido | no de pedido |
n pedido | pedido | n de pedido | num pedido | numero ordine | n ordine | ordine n | ordine | vs ordine | rif ordine |
numer zamowienia | nr zamowienia | zamowienie nr | zamowienie | numero de encomenda | encomenda | ordrenummer |
tilausnumero | cislo objednavky
            """
        ),
    ),
    "customer_number": (
        *pairs_of(
            "customer | client | account | cust | customer account | member", "number | no | nr | num | id | code"
        ),
        *pairs_of("kunden | kunde | debitoren | debitor | ihre kunden", "nummer | nr | no | nummern"),
        *split_bars(
            """
no client | n client | numero client | numero de client | code client | ref client | client no | reference client |
client n | n de client | no de client | votre numero client | klantnummer | klant nummer | klantnr | debiteurnummer |
debiteurennummer | relatienummer | klant nr | numero de cliente | n cliente | codigo cliente | no cliente | codigo de
cliente | num cliente | codice cliente | numero cliente | cod cliente | numer klienta | nr klienta | kundnummer |
kundenummer | asiakasnumero | cislo zakaznika | kundennummer ihre
            """
        ),
    ),
    "delivery_note_number": (
        *pairs_of("delivery note | packing slip", "number | no | nr | num | id | code"),
        *pairs_of("lieferschein", "nummer | nr | no | nummern"),
        *split_bars(
            """
bon de livraison | pakbonnummer | albaran | ddt | numero de albaran | n de bon de livraison
            """
        ),
    ),
    "contract_number": (
        *pairs_of("contract | agreement", "number | no | nr | num | id | code"),
        *pairs_of("vertrags | vertrag", "nummer | nr | no | nummern"),
        *split_bars(
            """
numero de contrat | no de contrat | n de contrat | contractnummer | numero de contrato | numer umowy | numero
contratto | n contratto
            """
        ),
    ),
    "reference": split_bars(
        """
reference | ref | our reference | your reference | your ref | our ref | customer reference | referenz | ihr zeichen |
unser zeichen | ihre referenz | unsere referenz | verwendungszweck | votre reference | notre reference | uw referentie
| referentie | kenmerk | uw kenmerk | referencia | su referencia | riferimento | vs riferimento | referens | var
referens | er referens | viite | reference number | ref no | referenznummer | betalingskenmerk | payment reference
        """
    ),
    "iban": split_bars(
        """
iban | iban nr | iban no | iban number | konto iban | compte iban | codice iban
        """
    ),
    "bic": split_bars(
        """
bic | swift | bic swift | swift bic | swift code | bic code | swift bic code | code bic
        """
    ),
    "bank_name": split_bars(
        """
bank | bank name | bankname | kreditinstitut | banque | banco | banca | nazwa banku
        """
    ),
    "account_holder": split_bars(
        """
account holder | account name | beneficiary | kontoinhaber | titulaire | titulaire du compte | ten name van | tnv |
rekeninghouder | titular | intestatario | beneficiario | intestato a
        """
    ),
    "account_number": split_bars(
        """
account | bank account | bank account number | konto | kontonummer | konto nr | kto nr | kto | rekeningnummer |
bankrekening | numer konta | nr konta | bankgiro | rachunek | nr rachunku
        """
    ),
    "bank_code": split_bars(
        """
bank code | sort code | blz | bankleitzahl | routing number
        """
    ),
    "vat_id": (
        *pairs_of("vat | vat reg | vat registration | gst | abn", "number | no | nr | num | id | code"),
        *split_bars(
            """
vat id no | vat identification number | vat id number | tax id | tax id no | tax id number | ust id nr | ust id | ust
idnr | ustid | ust ident nr | umsatzsteuer id | umsatzsteuer identifikationsnummer | umsatzsteuer id nr | ust identnr
| umsatzsteuer idnr | ust id nummer | uid nr | uid | uid nummer | mwst nr | mwst nummer | ust nr | ust
identifikationsnummer | umsatzsteueridentnummer | ust ident | numero de tva | no tva | n tva | tva intracommunautaire
| n tva intracommunautaire | no de tva | numero tva | tva intra | numero de tva intracommunautaire | n de tva | n tva
intra | id tva | n de tva intracommunautaire | tva intracom | numero tva intracommunautaire | code tva | btw nummer |
btw nr | btw id | btw | btw identificatienummer | btw no | ondernemingsnummer | nif iva | nif | cif | nif cif | cif
nif | n i f | c i f | numero de iva | numero iva | cod fisc e p iva | codice fiscale e partita iva | c f e p i | cf
piva | p i | cod fiscale e p iva | partita iva | p iva | piva | p iva c f | partita iva codice fiscale | p iva e c f |
c f e p iva | nip | nr nip | numer nip | vat ue | nipc | moms nr | momsnr | momsreg nr | cvr | cvr nr | dic | vat |
tva | iva | vat reg | contribuinte | nif contribuinte | n contribuinte | vat id
            """
        ),
    ),
    "tax_number": split_bars(
        """
tax number | tax no | steuernummer | steuer nr | st nr | steuernr | stnr | codice fiscale | c f | cod fiscale | tax
reference | steuer nummer | ein | fein | tax registration number
        """
    ),
    "registration_number": split_bars(
        """
company number | company no | company registration number | registration number | company reg no | registered number |
handelsregister | hrb | hr nr | handelsregisternummer | amtsgericht | siret | siren | no siret | n siret | rcs |
numero siret | n siren | kvk | kvk nummer | kvk nr | k v k | regon | krs | org nr | organisationsnummer | ico | y
tunnus
        """
    ),
    "phone": split_bars(
        """
phone | tel | telephone | phone number | telefon | tel no | tel nr | telefoon | telefono | fon | mobile | mobil |
telefonnummer | telefoonnummer | call us | tlf | telefone | puhelin | t | tel n
        """
    ),
    "fax": split_bars(
        """
fax | telefax | fax no | fax nr | faks
        """
    ),
    "email": split_bars(
        """
email | e mail | mail | email address | e mail adresse | courriel | correo electronico | correo
        """
    ),
    "website": split_bars(
        """
website | web | internet | www | homepage | url | site web | sito web | site | web site
        """
    ),
    "contact": split_bars(
        """
attn | attention | zhd | z hd | tav | t a v | contact | contact person | contact name | ansprechpartner | ihr
ansprechpartner | sachbearbeiter | bearbeiter | interlocuteur | votre contact | contactpersoon | persona de contacto |
contatto | sales rep | salesperson | prepared by | osoba kontaktowa
        """
    ),
    "currency": split_bars("currency | wahrung | waehrung | devise | valuta | moneda | waluta | moeda | monnaie"),
    "payment_terms": split_bars(
        """
payment terms | terms | terms of payment | zahlungsbedingungen | zahlungsbedingung | conditions de paiement |
conditions de reglement | betalingsvoorwaarden | betalingsconditie | betalingstermijn | condiciones de pago | termini
di pagamento | condizioni di pagamento | warunki platnosci | betalingsbetingelser | betalningsvillkor | maksuehto |
delai de paiement
        """
    ),
    "payment_method": split_bars(
        """
payment method | method of payment | paid by | payment type | zahlungsart | zahlungsweise | mode de paiement | mode de
reglement | moyen de paiement | betaalmethode | betaalwijze | betalingswijze | forma de pago | metodo de pago |
modalita di pagamento | metodo di pagamento | forma platnosci | sposob platnosci | sposob zaplaty | betalningssatt |
zahlart | forma de pagamento | pagamento
        """
    ),
    "seller": split_bars(
        """
from | seller | vendor | supplier | issued by | service provider | biller | billed by | bill from | issuer | verkaufer
| lieferant | rechnungssteller | rechnungsersteller | absender | von | aussteller | vendeur | fournisseur | emetteur |
de la part de | emis par | prestataire | verkoper | leverancier | afzender | van | vendedor | proveedor | emisor |
fornitore | cedente | mittente | venditore | cedente prestatore | sprzedawca | wystawca | dostawca | fornecedor |
emitente | saljare | selger | saelger | myyja | dodavatel | prodavajici | seller details | your details
        """
    ),
    "buyer": split_bars(
        """
bill to | billed to | invoice to | invoiced to | sold to | buyer | customer | client | to | billing address | invoice
address | customer details | bill to address | customer name | billing to | invoiced party | invoice recipient | bill
to name | client name | recipient | billing details | buyer name | purchaser | for | rechnung an | rechnungsempfanger
| kunde | rechnungsadresse | rechnungsanschrift | kaufer | empfanger | auftraggeber | kundenadresse | an |
leistungsempfanger | besteller | facture a | adresse de facturation | destinataire | facturer a | acheteur | adresse a
| delivre a | adresse client | factuur aan | factuuradres | klant | aan | koper | afnemer | gefactureerd aan |
debiteur | facturar a | facturado a | cliente | comprador | destinatario | datos del cliente | receptor | fatturare a
| intestatario fattura | spettabile | spett le | spett | cessionario | acquirente | cessionario committente |
committente | nabywca | odbiorca | klient | kupujacy | faturado a | fakturaadress | kund | ostaja | asiakas |
odberatel | fakturamottagare | adquirente
        """
    ),
    "ship_to": split_bars(
        """
ship to | deliver to | delivery address | shipping address | shipped to | consignee | lieferadresse | lieferanschrift
| lieferung an | warenempfanger | adresse de livraison | livre a | livraison a | afleveradres | bezorgadres |
leveradres | direccion de envio | direccion de entrega | enviar a | destinazione | indirizzo di spedizione | adres
dostawy | leveransadress | leveringsadresse | toimitusosoite
        """
    ),
    "period": split_bars(
        """
period | billing period | service period | abrechnungszeitraum | leistungszeitraum | zeitraum | periode | periode de
facturation | factuurperiode | periodo | periodo de facturacion | okres | rechnungszeitraum | lieferzeitraum | invoice
period
        """
    ),
    "post_box": split_bars(
        "po box | p o box | postfach | boite postale | postbus | apartado de correos | casella postale"
    ),
    "page": split_bars("page | seite | pagina | strona | side | sida | sivu | blatt | pag"),
}
